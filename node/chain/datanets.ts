import { datanetRegistryAbi } from '../../protocol/contracts/index.ts'
import { zeroAddress } from '../../protocol/primitives/index.ts'
import type { Connection } from './connection.ts'
import { eventOf, lower, mined } from './connection.ts'
import type { Addresses, Datanets } from './types.ts'

export function createDatanets(connection: Connection, { datanets }: Addresses): Datanets {
  const at = { address: datanets, abi: datanetRegistryAbi } as const
  return {
    async datanet(id) {
      const [host, rules, commitments, version, validators, weights] = await connection.read({
        ...at,
        what: `Datanet ${id}`,
        functionName: 'datanetOf',
        args: [id]
      })
      if (host === zeroAddress) return undefined
      return {
        host: lower(host),
        rules,
        commitments,
        version,
        validators: validators.map((address, i) => ({ address: lower(address), weight: weights[i] ?? 0n }))
      }
    },
    async version(datanet, version) {
      const { root, count, cid } = await connection.read({
        ...at,
        what: `version ${version} of ${datanet}`,
        functionName: 'versionOf',
        args: [datanet, version]
      })
      return count === 0 ? undefined : { root, count, cid }
    },
    async commitment(contribution) {
      const { datanet, contributor, index, commitment } = await connection.read({
        ...at,
        what: `contribution ${contribution}`,
        functionName: 'contributionOf',
        args: [contribution]
      })
      return index === 0n ? undefined : { datanet, contributor: lower(contributor), commitment, index }
    },
    async create({ rules, createdAt, validators }) {
      const receipt = await connection.write({
        ...at,
        what: 'creating the Datanet',
        functionName: 'create',
        args: [
          rules,
          createdAt,
          validators.map(({ address }) => address),
          validators.map(({ weight }) => BigInt(weight))
        ]
      })
      return { ...mined(receipt), datanet: eventOf(receipt, datanetRegistryAbi, 'DatanetCreated').datanet }
    },
    async commitFor({ datanet, contributor, commitment }, signature) {
      const receipt = await connection.write({
        ...at,
        what: `commitment of ${contributor}`,
        functionName: 'commitFor',
        args: [datanet, contributor, commitment, signature]
      })
      const { contribution, index } = eventOf(receipt, datanetRegistryAbi, 'Committed')
      return { ...mined(receipt), contribution, index }
    },
    anchorVersion: async (statement, signature) =>
      mined(
        await connection.write({
          ...at,
          what: `anchoring version ${statement.version} of ${statement.datanet}`,
          functionName: 'anchorVersion',
          args: [statement, signature]
        })
      ),
    async reportDoubleVote(a, b) {
      const receipt = await connection.write({
        ...at,
        what: `double vote of ${a.vote.validator}`,
        functionName: 'reportDoubleVote',
        args: [a.vote, a.signature, b.vote, b.signature]
      })
      return { ...mined(receipt), slashed: eventOf(receipt, datanetRegistryAbi, 'DoubleVote').slashed }
    }
  }
}
