export { createAmending } from './amending.ts'
export { createTermsHeard } from './heard.ts'
export { createTerms } from './terms.ts'
export type { RulesSet, Terms } from './terms.ts'
