// sanitize-html, or DOMPurify on jsdom, on every document of a corpus; the protocol is that of
// rewrite_loop.c. usage: sanitizers.mjs MODULES sanitize-html|dompurify CORPUS
import {createRequire} from 'node:module';
import {readFileSync} from 'node:fs';
import {createInterface} from 'node:readline';

const [folder, name, path] = process.argv.slice(2);
const require = createRequire(folder + '/');

// Both are asked for what our rewriter does: keep the layout of a mail, sign the images.
function sign(url) {
    return 'https://img.example.org/i/' + encodeURIComponent(url);
}

function sanitizeHtml() {
    const sanitize = require('sanitize-html');
    const options = {
        allowedTags: [...sanitize.defaults.allowedTags, 'img', 'center', 'font', 'style'],
        allowVulnerableTags: true, // <style>: else it would do less than the others
        allowedAttributes: false,
        transformTags: {
            img: (tag, attributes) => {
                if (attributes.src)
                    attributes.src = sign(attributes.src);
                return {tagName: tag, attribs: attributes};
            },
        },
    };
    return (text) => sanitize(text, options);
}

function domPurify() {
    const {JSDOM} = require('jsdom');
    const purify = require('dompurify')(new JSDOM('').window);
    purify.addHook('afterSanitizeAttributes', (node) => {
        if (node.nodeName === 'IMG' && node.hasAttribute('src'))
            node.setAttribute('src', sign(node.getAttribute('src')));
    });
    return (text) => purify.sanitize(text, {WHOLE_DOCUMENT: true});
}

function documents(bytes) {
    const list = [];
    for (let at = 0; at < bytes.length;) {
        const end = bytes.indexOf(10, at);
        const length = Number(bytes.toString('latin1', at, end));
        list.push(bytes.toString('utf8', end + 1, end + 1 + length));
        at = end + 1 + length;
    }
    return list;
}

function cpuNs() {
    const used = process.cpuUsage();
    return (used.user + used.system) * 1000;
}

const run = name === 'dompurify' ? domPurify() : sanitizeHtml();
const list = documents(readFileSync(path));
for await (const line of createInterface({input: process.stdin})) {
    const start = cpuNs();
    let passes = 0, spent = 0, outBytes = 0;
    while (passes === 0 || spent < Number(line) * 1e6) {
        outBytes = 0;
        for (const text of list)
            outBytes += Buffer.byteLength(run(text));
        spent = cpuNs() - start;
        passes++;
    }
    console.log(JSON.stringify({passes, cpu_ns: spent, out_bytes: outBytes}));
}
