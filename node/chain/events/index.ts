// What the contracts' logs say, checked before anybody looks at it.
export { chainEvent, registration } from './events.ts'
export type { ChainEvent, ChainEventName, ChainEventOf } from './events.ts'
export { readEvents } from './read.ts'
