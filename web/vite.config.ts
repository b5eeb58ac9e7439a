/// <reference types="vitest/config" />
import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vite';

/** What changes rarely in files of its own; icons together, since each alone would be a request of 400 bytes. */
function chunkOf(id: string): string | undefined {
  if (id.includes('/@lucide/')) return 'icons';
  return /\/node_modules\/(@vue|vue|vue-router|vue-i18n|@intlify)\//.test(id) ? 'vue' : undefined;
}

// Two pages, one build. Nothing is inlined: the hall's Content-Security-Policy allows files of its own only.
export default defineConfig({
  plugins: [vue()],
  resolve: { alias: { '@shared': new URL('./shared', import.meta.url).pathname } },
  define: { __VUE_I18N_LEGACY_API__: 'false', __INTLIFY_PROD_DEVTOOLS__: 'false' },
  build: {
    outDir: 'dist',
    target: 'es2020',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
    rollupOptions: {
      input: { portal: 'portal.html', console: 'console.html' },
      output: { manualChunks: chunkOf },
    },
  },
  test: { environment: 'jsdom', include: ['tests/**/*.test.ts'] },
});
