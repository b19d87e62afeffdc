import type { Command } from 'commander'
import { InvalidError } from '../../../protocol/primitives/index.ts'
import type { TrainersRule } from '../../../protocol/data/index.ts'
import type { ApiClient } from '../../api/contract/index.ts'
import { checkAddress, collect, command, connected, guarded, show } from '../command.ts'
import type { CallFlags } from '../command.ts'
import { findDatanet } from '../commands/find-datanet.ts'
import { inForce } from './rules.ts'
import { trainersText } from './text.ts'

interface TrainerFlags extends CallFlags {
  worker?: string[]
  builder?: string[]
}

/** @throws InvalidError `rules.trainers` where nobody is named, or somebody to be left out is not there */
function changed(before: TrainersRule, { worker = [], builder = [] }: TrainerFlags, adds: boolean): TrainersRule {
  if (worker.length + builder.length === 0)
    throw new InvalidError('rules.trainers', 'nobody is named', { help: 'Give --worker or --builder with an address.' })
  const apply = (known: readonly string[] = [], named: readonly string[]) => {
    const accounts = [...new Set(named.map(checkAddress))]
    const missing = adds ? undefined : accounts.find(account => !known.includes(account))
    if (missing !== undefined) throw new InvalidError('rules.trainers', `${missing} is not named by its rules`)
    const left = known.filter(account => !(accounts as string[]).includes(account))
    return (adds ? [...left, ...accounts] : left) as NonNullable<TrainersRule['workers']>
  }
  const { workers: _workers, builders: _builders, ...rest } = before
  const [workers, builders] = [apply(before.workers, worker), apply(before.builders, builder)]
  return {
    ...rest,
    ...(workers.length === 0 ? {} : { workers }),
    ...(builders.length === 0 ? {} : { builders })
  }
}

async function propose(api: ApiClient, wanted: string, flags: TrainerFlags, adds: boolean) {
  const { id } = await findDatanet(api, wanted)
  const { rules } = await api.call('terms', { params: { id } })
  const trainers = changed(inForce(rules)?.rules.trainers ?? {}, flags, adds)
  const { amendment } = await api.call('proposeRules', { params: { id }, body: { change: { trainers } } })
  return { amendment, trainers }
}

function changeCommand(adds: boolean): Command {
  const name = adds ? 'add' : 'remove'
  return connected(
    command({
      name,
      summary: adds
        ? 'put forward that its rows may go to a worker, or to whom a builder chooses (host, validator)'
        : 'put forward that they may not any more; what somebody was given it keeps (host, validator)',
      examples: [`tilth datanet trainers ${name} letters --worker 0xabc…`]
    })
  )
    .argument('<datanet>', 'id, prefix of one, or name')
    .option('--worker <account>', 'a worker; may be given again', collect)
    .option('--builder <account>', 'a builder, whose choice of workers is trusted; may be given again', collect)
    .action(
      guarded(async (wanted: string, flags: TrainerFlags) => {
        await show(
          flags,
          async api => propose(api, wanted, flags, adds),
          ({ amendment, trainers }) =>
            `put forward as ${amendment}: once more than two thirds of the weight accept it (tilth datanet rules ` +
            `accept) its rows go to ${trainersText({ trainers })}`
        )
      })
    )
}

/** To whom a private Datanet's rows are given for an award: its rules say it, which more than two thirds set. */
export function trainersCommand(): Command {
  const parent = connected(
    command({
      name: 'trainers',
      summary: "to whom a private Datanet's rows are given for an award",
      examples: ['tilth datanet trainers letters', 'tilth datanet trainers add letters --worker 0xabc…']
    })
  )
    .argument('[datanet]', 'id, prefix of one, or name')
    .action(
      guarded(async (wanted: string | undefined, flags: CallFlags) => {
        await show(
          flags,
          async api => {
            const { id, private: isPrivate, rules } = await findDatanet(api, wanted)
            return { datanet: id, private: isPrivate !== undefined, trainers: rules.trainers ?? {} }
          },
          ({ private: isPrivate, trainers }) =>
            isPrivate ? trainersText({ trainers }) : 'it is not private: everybody reads its rows'
        )
      })
    )
  parent.addCommand(changeCommand(true))
  parent.addCommand(changeCommand(false))
  return parent
}
