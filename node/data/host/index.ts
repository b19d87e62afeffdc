export { createHosting } from './hosting.ts'
export { createVersions } from './versions.ts'
