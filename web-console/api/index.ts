export { api } from './client.ts'
export { useConnection, useEvents } from './hear.ts'
export { useAct, useCall, useList } from './use.ts'
