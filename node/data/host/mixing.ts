import { mixRules } from '../../../protocol/data/index.ts'
import { InvalidError, TilthError, contentHash } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { datanetView, versionView } from '../book/index.ts'
import type { Book } from '../book/index.ts'
import type { Interest } from '../interest/index.ts'
import { questionsOf } from '../mixes/index.ts'
import type { Parents } from '../mixes/index.ts'
import type { Rosters } from '../rosters.ts'
import type { DataService, DatanetView, MixRequest } from '../types.ts'
import type { Hosting } from './hosting.ts'

const longestName = 80

/** Founding what is made of other Datanets: once for the same ones, and again only under another name. */
export function createMixing(
  book: Book,
  interest: Pick<Interest, 'all' | 'roles'>,
  rosters: Pick<Rosters, 'sitting'>,
  hosting: Hosting,
  parents: Parents,
  { anchorVersion }: Pick<DataService, 'anchorVersion'>
): Pick<DataService, 'mix'> {
  async function knownOf(ids: readonly Hex[], name: string | undefined): Promise<DatanetView | undefined> {
    const wanted = contentHash(ids)
    for (const id of interest.all()) {
      if (!interest.roles(id).includes('host')) continue
      const rules = (await book.datanet(id))?.document.rules
      if (rules?.parents === undefined || contentHash(rules.parents) !== wanted) continue
      if (name === undefined || rules.name === name) return datanetView(book, rosters, id, interest.roles(id))
    }
    return undefined
  }

  async function found(ids: readonly Hex[], { name, description }: MixRequest): Promise<DatanetView> {
    const of = await parents.sitting(ids)
    for (const { id, rules } of of) {
      // [reject] Something of each is still there: a mix holds what its parents' versions hold.
      if (await book.emptied(id))
        throw new InvalidError('version.empty', `everything that was accepted of ${rules.name} has left`, {
          help: 'Mix the others.'
        })
    }
    const names = of.map(({ rules }) => rules.name)
    const { heldOut: _file, ...rules } = mixRules(of, {
      name: name ?? names.join(' + ').slice(0, longestName),
      description: description ?? `What ${names.join(', ')} hold together.`,
      heldOut: ''
    })
    const questions = questionsOf(await parents.questions(ids))
    return hosting.found(rules, questions.map(row => `${JSON.stringify(row)}\n`).join(''))
  }

  return {
    async mix(request) {
      const ids = [...new Set(request.datanets)].sort()
      const known = await knownOf(ids, request.name)
      const datanet = known ?? (await found(ids, request))
      const shared = { founded: known === undefined }
      try {
        const version = await anchorVersion(datanet.id)
        return { ...shared, datanet: { ...datanet, latestVersion: version.version }, version, anchored: true }
      } catch (error) {
        if (!(error instanceof TilthError && error.code === 'version.unchanged')) throw error
        const record = await book.version(datanet.id, datanet.latestVersion)
        if (record === undefined) throw error
        return { ...shared, datanet, version: versionView(record), anchored: false }
      }
    }
  }
}
