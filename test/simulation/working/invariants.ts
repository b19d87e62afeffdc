import type { JobView } from '../../../node/jobs/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { checkBlames } from '../invariants.ts'
import { tokens } from './cast.ts'
import type { WorkingCast } from './cast.ts'

type Fault = (text: string) => void
const short = (id: Hex): string => id.slice(0, 10)

/** What holds on the chain at any moment. */
export function checkTokens({ chain }: WorkingCast, fault: Fault): void {
  const { state, supply } = chain
  // [invariant] No unit comes from anywhere or goes anywhere.
  const all = [...state.balances.values()].reduce((sum, one) => sum + one, 0n)
  if (all !== supply) fault(`there are ${all} of ${supply} units`)
  // [invariant] What open escrows hold is what is there for them.
  const held = [...state.escrows.values()]
    .filter(one => ['funded', 'taken', 'delivered', 'refused'].includes(one.state))
    .reduce((sum, { amount, deposit }) => sum + amount + deposit, 0n)
  if (held !== (state.balances.get('escrows') ?? 0n)) fault(`escrows hold ${held} by their own word`)
}

/** Whether nothing is to come any more: jobs are over, and escrows wait for nobody but who will not give way. */
export const isAtRest = ({ chain, builder, honest }: WorkingCast, posted: ReadonlySet<Hex>): boolean =>
  [...posted].every(id => isOver(builder.service.job(id))) &&
  [...chain.state.escrows.values()].every(
    ({ state, builder: by, worker }) =>
      !['funded', 'taken', 'delivered'].includes(state) ||
      !honest.some(one => one.address === by || one.address === worker)
  )
const isOver = (job: JobView | undefined): boolean => job?.state === 'completed' || job?.state === 'expired'

/** What holds when everything has come to rest. @returns how many jobs came to a model */
export function checkEnd(cast: WorkingCast, posted: ReadonlySet<Hex>, fault: Fault): number {
  const { chain, builder, workers, crooks, nameOf } = cast
  const isHonest = (address: Address): boolean => workers.some(one => one.address === address)
  const delivered = new Set<Hex>()
  const lost = new Set<Hex>()
  for (const event of chain.events()) {
    if (event.name === 'EscrowDelivered') delivered.add(event.escrow)
    if (event.name === 'DepositLost') lost.add(event.escrow)
  }
  const awards = [...posted].flatMap(id => builder.service.job(id)?.awards ?? [])
  const accepted = new Set(awards.filter(one => one.state === 'released').map(({ escrow }) => escrow))
  let spent = 0n
  for (const [id, { state, worker, amount, ...escrow }] of chain.state.escrows) {
    const at = `the escrow ${short(id)} of ${nameOf(escrow.builder)} for ${nameOf(worker)}`
    const isOwn = escrow.builder === builder.address
    if (isOwn && state !== 'refunded') spent += amount
    if (isHonest(worker) && delivered.has(id)) {
      // [invariant] No honest worker loses its pay for what it delivered in time: only a crook refuses that, and then
      // has nothing of it either.
      if (state !== 'released' && !(state === 'refused' && !isOwn)) fault(`${at} was delivered, and is ${state}`)
    }
    // [invariant] No honest builder loses what was not delivered. A delivery that left the chain was one.
    const isPaid = state === 'released' && accepted.has(id)
    if (isOwn && !delivered.has(id) && state !== 'refunded' && !isPaid)
      fault(`${at} was not delivered, and is ${state}`)
    // [invariant] No honest worker loses its deposit to anybody honest.
    if (isOwn && isHonest(worker) && lost.has(id)) fault(`${nameOf(worker)} has lost its deposit in ${at}`)
  }
  const left = chain.state.balances.get(builder.address) ?? 0n
  if (left + spent !== tokens) fault(`the builder has ${left} and has spent ${spent} of ${tokens}`)
  let completed = 0
  for (const id of posted) {
    const job = builder.service.job(id)
    // [invariant] A job that was acknowledged is never lost.
    if (job === undefined) {
      fault(`the builder has lost job ${short(id)}`)
      continue
    }
    if (job.state === 'completed') completed++
    // [invariant] A job comes to a model, unless a crook has had a part of it until the end.
    else if (!job.awards.some(({ worker }) => worker === crooks.worker.address))
      fault(`job ${short(id)} is ${job.state}: ${job.reason ?? ''}`)
  }
  checkBlames(cast, fault)
  return completed
}
