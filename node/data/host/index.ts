export { createHosting } from './hosting.ts'
export { createVersions } from './versions.ts'
export { anchorAt, createAnchoring } from './anchoring.ts'
export type { Unanchored } from './anchoring.ts'
