export { createAmending } from './amending.ts'
export { createTermsHeard } from './heard.ts'
