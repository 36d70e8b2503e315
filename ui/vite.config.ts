import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

const server = process.env['STELE_URL'] ?? 'http://127.0.0.1:7800';
const proxy = { '/api': { target: server, changeOrigin: true } };

export default defineConfig({
  plugins: [svelte()],
  // The server replaces this word by a fresh nonce; the editor's style sheet needs one.
  html: { cspNonce: '__STELE_NONCE__' },
  build: {
    target: 'es2022',
    // The policy allows no `data:` addresses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 400,
  },
  server: { proxy },
  preview: { proxy },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
});
