// In the order of the flow: the builder's, the worker's offers, and its vouchers.
export { createRegistering, freeName } from './registering.ts'
export { createOffering, noRoom, worthServing } from './offering.ts'
export { redeemAt } from './redeeming.ts'
