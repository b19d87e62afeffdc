export { isConsoleBuilt } from './folder.ts'
export * from './serve.ts'
