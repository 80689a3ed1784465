// What a webmail in Node shows: HTML of a mail in, the HTML for the reader out.
//
// usage: node rewrite.mjs SOCKET MAILBOX [DAY-OF-DELIVERY] < body.html
// The day only where the images were handed over at delivery. A rejection: show the text instead.
import { request } from 'node:http';
import { readFileSync } from 'node:fs';

export function rewrite(socketPath, html, how) {
  const path = '/v1/rewrite?' + new URLSearchParams(how);
  const headers = { 'Content-Type': 'text/html; charset=utf-8', Accept: 'application/json' };
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path, method: 'POST', headers, timeout: 10000 }, async (answer) => {
      try {
        const found = JSON.parse(Buffer.concat(await answer.toArray()));
        if (answer.statusCode !== 200) throw new Error(`shojid answers ${answer.statusCode}`);
        resolve([Buffer.from(found.body_base64, 'base64').toString(), found.report]);
      } catch (error) {
        reject(error);
      }
    });
    asked.on('timeout', () => asked.destroy(new Error('no answer')));
    asked.on('error', reject);
    asked.end('\uFEFF' + html); // it is UTF-8, whatever charset it names
  });
}

const [socket, mailbox, delivered] = process.argv.slice(2);
const [shown, report] = await rewrite(socket, readFileSync(0, 'utf8'), delivered ? { mailbox, delivered } : { mailbox });
process.stdout.write(shown);
console.error(report.trackers.length, 'trackers');
