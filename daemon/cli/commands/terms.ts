import type { Command } from 'commander'
import { command, connected, guarded, show } from '../command.ts'
import type { CallFlags } from '../command.ts'
import { dim, safe, short, table, tokens } from '../output.ts'
import { pricesOf, pricing } from '../price.ts'
import type { PriceFlags } from '../price.ts'
import { splitFlag, splitOf } from '../split.ts'

// What a model's builder, or a worker that serves it, may still change of it.

function retireCommand(): Command {
  return connected(
    command({
      name: 'retire',
      summary: 'retire an own model: nobody opens a channel for it any more, those that are open are paid as agreed',
      examples: ['tilth models retire elements-v1 --as host']
    })
  )
    .argument('<model>', 'id, beginning of one, or name')
    .action(
      guarded(async (model: string, flags: CallFlags) => {
        await show(
          flags,
          api => api.call('retireModel', { params: { id: model } }),
          ({ id, transaction }) => `retired ${id}\n${dim(`transaction ${transaction}`)}`
        )
      })
    )
}

function splitCommand(): Command {
  return connected(
    command({
      name: 'split',
      summary: 'another split of the fees: the model is registered anew under its name, and retired as it was',
      examples: ['tilth models split elements-v1 --split 2500,1000,6500 --as host']
    })
  )
    .argument('<model>', 'id, beginning of one, or name')
    .requiredOption(splitFlag, 'basis points of every fee; what it was grown from stays')
    .action(
      guarded(async (model: string, flags: CallFlags & { split: string }) => {
        const split = splitOf(flags.split)
        await show(
          flags,
          api => api.call('splitModel', { params: { id: model }, body: { split } }),
          ({ id, name, retired }) =>
            `${safe(name)} is ${id} now, and ${retired} is retired\n` +
            `workers serve the new one with: tilth serve ${id}`
        )
      })
    )
}

function priceCommand(): Command {
  return pricing(
    connected(
      command({
        name: 'price',
        summary: 'what workers ask for a model; with a price, what this worker asks from now on',
        examples: [
          'tilth models price elements-v1',
          'tilth models price elements-v1 --input-price 0.1/1000 --output-price 0.4/1000 --as worker-1',
          'tilth models price elements-v1 --input-price 100000000000 --output-price 400000000000 --as worker-1'
        ]
      })
    )
  )
    .argument('<model>', 'id, beginning of one, or name')
    .action(
      guarded(async (model: string, flags: CallFlags & PriceFlags) => {
        const body = pricesOf(flags)
        await show(
          flags,
          async api => {
            // What a price was set for is shown, whatever else has its name.
            const changed = Object.keys(body).length > 0
            const id = changed ? (await api.call('serve', { params: { id: model }, body })).id : model
            return api.call('model', { params: { id } })
          },
          ({ offers, name }) =>
            offers.length === 0
              ? `nobody serves ${safe(name)} now`
              : table(
                  ['worker', 'per 1000 prompt tokens', 'per 1000 answer tokens'],
                  offers.map(offer => [
                    short(offer.worker),
                    tokens(BigInt(offer.inputPrice) * 1000n, 9),
                    tokens(BigInt(offer.outputPrice) * 1000n, 9)
                  ]),
                  [1, 2]
                )
        )
      })
    )
}

export const termsCommands = (): Command[] => [retireCommand(), priceCommand(), splitCommand()]
