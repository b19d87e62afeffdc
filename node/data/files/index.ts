export { openFile } from './open-file.ts'
export type { FileContent, OpenFile } from './open-file.ts'
