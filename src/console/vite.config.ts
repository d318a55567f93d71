import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

/** Built to ./dist and served under /console/. */
export default defineConfig({
  root: import.meta.dirname,
  base: '/console/',
  plugins: [react()],
  build: { outDir: 'dist', emptyOutDir: true, target: 'es2023', assetsInlineLimit: 0, reportCompressedSize: true },
})
