// sharp, with its defaults or with our settings, or ipx, on the pictures of a list; orders and
// answers are those of decode_turns.h. usage: sharps.mjs MODULES sharp|sharp-same|ipx LIST
//
// All are asked for the outputs of our `compat`: JPEG, PNG and GIF stay what they are, a WebP becomes
// a GIF if it moves, else a JPEG; upright, in sRGB, without metadata. sharp runs as it comes, on
// libvips with its vector code, but in one thread and without a cache, as the others do.
import {createRequire} from 'node:module';
import {readFileSync, writeFileSync} from 'node:fs';
import {createInterface} from 'node:readline';

const [folder, name, path] = process.argv.slice(2);
const require = createRequire(folder + '/');

const originals = readFileSync(path, 'ascii').trim().split('\n').map((line) => {
    const [kind, ending, file] = line.split(' ');
    return {kind, ending, bytes: readFileSync(file)};
});

function formatOf({kind, ending}) {
    if (ending === 'webp')
        return kind === 'animation' ? 'gif' : 'jpeg';
    return ending === 'jpg' ? 'jpeg' : ending;
}

const DEFAULTS = {jpeg: {}, png: {}, gif: {}};
const OURS = {jpeg: {quality: 82}, png: {adaptiveFiltering: true}, gif: {dither: 0, effort: 4}};

function bySharp(settings) {
    const sharp = require('sharp');
    sharp.concurrency(1);
    sharp.cache(false);
    return (original, side) => {
        const format = formatOf(original);
        let picture = sharp(original.bytes, {animated: format === 'gif'}).rotate();
        if (side)
            picture = picture.resize(side, side, {fit: 'inside', withoutEnlargement: true});
        return picture.toFormat(format, settings[format]).toBuffer();
    };
}

// ipx brings a sharp of its own.
async function byIpx() {
    const module = await import(require.resolve('ipx').replace(/\.cjs$/, '.mjs'));
    const sharp = createRequire(require.resolve('ipx'))('sharp');
    sharp.concurrency(1);
    sharp.cache(false);
    const storage = {
        name: 'list',
        getMeta: () => ({}),
        getData: (id) => originals[Number(id.slice(1))].bytes,
    };
    const ipx = module.createIPX({storage});
    return async (original, side) => {
        const modifiers = {format: formatOf(original)}; // it turns nothing upright
        if (side)
            Object.assign(modifiers, {fit: 'inside', resize: `${side}x${side}`});
        return (await ipx(`/${originals.indexOf(original)}`, modifiers).process()).data;
    };
}

function cpuNs() {
    const used = process.cpuUsage();
    return (used.user + used.system) * 1000;
}

async function turn(make, side, budgetMs) {
    const spent = originals.map(() => 0), outBytes = [];
    const start = cpuNs();
    let passes = 0;
    do {
        for (const [i, original] of originals.entries()) {
            const before = cpuNs();
            outBytes[i] = (await make(original, side)).length;
            spent[i] += cpuNs() - before;
        }
        passes++;
    } while (cpuNs() - start < budgetMs * 1e6);
    const inPictures = spent.reduce((sum, ns) => sum + ns, 0);
    return {passes, rest_ns: Math.round((cpuNs() - start - inPictures) / passes),
            cpu_ns: spent.map((ns) => Math.round(ns / passes)), out_bytes: outBytes};
}

async function save(make, side, into) {
    for (const [i, original] of originals.entries())
        writeFileSync(`${into}/${i}`, await make(original, side));
    return {saved: originals.length};
}

const make = name === 'ipx' ? await byIpx() : bySharp(name === 'sharp' ? DEFAULTS : OURS);
for await (const line of createInterface({input: process.stdin})) {
    const [what, side, more] = line.split(' ');
    const answer = await (what === 'turn' ? turn(make, Number(side), Number(more))
        : save(make, Number(side), more));
    console.log(JSON.stringify(answer));
}
