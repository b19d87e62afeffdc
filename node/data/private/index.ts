export { createPrivacy } from './privacy.ts'
export type { Privacy } from './privacy.ts'
