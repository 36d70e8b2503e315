// Serves ui/dist as the server is meant to: a strict policy with a fresh nonce, `/api` handed on.
// With STELE_PAGE=server everything is handed on, so that the server's own page is driven.
import { randomBytes } from 'node:crypto';
import { readFileSync, existsSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { extname, join } from 'node:path';

const DIST = new URL('../dist/', import.meta.url).pathname;
const KINDS = {
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

export function policy(nonce) {
  return [
    "default-src 'none'",
    `script-src 'self' 'nonce-${nonce}'`,
    `style-src 'self' 'nonce-${nonce}'`,
    "font-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    'trusted-types svelte-trusted-html',
  ].join('; ');
}

/** Answers on a port of this machine; `close` ends it. `hook` may answer in the server's place. */
export async function servePage(stele, { hook } = {}) {
  const server = createServer((incoming, outgoing) => {
    const { pathname } = new URL(incoming.url, 'http://page');
    if (hook?.(incoming, outgoing)) return;
    if (pathname.startsWith('/api/') || process.env.STELE_PAGE === 'server') {
      const onward = request(new URL(incoming.url, stele), {
        method: incoming.method,
        headers: { ...incoming.headers, host: new URL(stele).host, origin: new URL(stele).origin },
      });
      onward.on('response', (answer) => {
        outgoing.writeHead(answer.statusCode, answer.headers);
        answer.pipe(outgoing);
      });
      onward.on('error', () => outgoing.destroy());
      outgoing.on('close', () => onward.destroy());
      incoming.pipe(onward);
      return;
    }
    const file = join(DIST, pathname);
    if (extname(pathname) !== '' && existsSync(file)) {
      outgoing.setHeader('content-type', KINDS[extname(pathname)] ?? 'application/octet-stream');
      outgoing.end(readFileSync(file));
      return;
    }
    const nonce = randomBytes(16).toString('base64');
    outgoing.setHeader('content-type', 'text/html; charset=utf-8');
    outgoing.setHeader('content-security-policy', policy(nonce));
    outgoing.end(
      readFileSync(join(DIST, 'index.html'), 'utf8').replaceAll('__STELE_NONCE__', nonce),
    );
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  return { url: `http://127.0.0.1:${port}`, close: () => server.close() };
}
