import { join } from 'node:path'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

/** A daemon to develop against: its address, and the token that stands in its data folder. */
const daemon = process.env['TILTH_API'] ?? 'http://127.0.0.1:4180'
const token = process.env['TILTH_TOKEN']
const proxied = {
  target: daemon,
  changeOrigin: true,
  configure: (proxy: { on(event: 'proxyReq', listener: (request: ProxyRequest) => void): void }) => {
    proxy.on('proxyReq', request => {
      request.removeHeader('origin')
      if (token !== undefined) request.setHeader('authorization', `Bearer ${token}`)
    })
  }
}
interface ProxyRequest {
  setHeader(name: string, value: string): void
  removeHeader(name: string): void
}

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  resolve: {
    alias: {
      // As others have it: the built library.
      'tilth/client': join(import.meta.dirname, '..', 'client', 'dist', 'browser.js'),
      // Its WebAssembly is loaded with eval-like means that the console's policy refuses; here it verifies only.
      'tiny-secp256k1': join(import.meta.dirname, '..', 'client', 'browser', 'secp256k1.ts'),
      // The same.
      hysnappy: join(import.meta.dirname, 'api', 'snappy.ts')
    }
  },
  // Readers of formats are loaded by the checker when a file asks for them.
  worker: { format: 'es' },
  build: {
    target: 'es2024',
    cssTarget: 'chrome123',
    sourcemap: false,
    // A font or picture within a style sheet would be a data: URL, which the policy of the console refuses.
    assetsInlineLimit: 0,
    reportCompressedSize: false
  },
  server: { proxy: { '^/api/[^.?]*([?].*)?$': proxied, '/v1': proxied, '/openapi.json': proxied, '/healthz': proxied } }
})
