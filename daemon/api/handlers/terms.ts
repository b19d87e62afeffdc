import type { LaterRules } from '../../../protocol/data/index.ts'
import type { Address } from '../../../protocol/primitives/index.ts'
import type { TermsView as NodeTerms } from '../../../node/data/index.ts'
import type { Node } from '../../../node/node.ts'
import type { TermsView } from '../contract/index.ts'
import type { Handlers } from '../server/index.ts'

const withoutRoster = ({ validators: _validators, ...rules }: NodeTerms['rules'][number]['rules']): LaterRules => rules

const viewOf = ({ rules, next, ...rest }: NodeTerms): TermsView => ({
  ...rest,
  rules: rules.map(({ rules: own, differences, set, ...one }) => ({
    ...one,
    rules: withoutRoster(own),
    differences: [...differences],
    set: set === null ? null : { ...set, block: set.block.toString(), spoke: [...set.spoke] }
  })),
  next: next.map(({ rules: own, differences, spoke, text: _text, ...one }) => ({
    ...one,
    rules: own === null ? null : withoutRoster(own),
    differences: [...differences],
    spoke: [...spoke]
  }))
})

/** A Datanet's rules and its host, as they follow one another. */
export function termsHandlers({
  data
}: Pick<Node, 'data'>): Pick<Handlers, 'terms' | 'proposeRules' | 'speakOnRules' | 'nameHost' | 'acceptHost'> {
  const known = async (wanted: string) => (await data.findDatanet(wanted)).id
  return {
    terms: async ({ params }) => viewOf(await data.terms(await known(params.id), params.upTo)),
    async proposeRules({ params, body }) {
      const { differences, ...put } = await data.proposeRules(await known(params.id), body.change)
      return { ...put, differences: [...differences] }
    },
    speakOnRules: async ({ params, body }) =>
      data.speakOnRules(await known(params.id), body.amendment as `0x${string}`, body.consents),
    nameHost: async ({ params, body }) =>
      data.nameHost(await known(params.id), (body.next as Address | null) ?? undefined),
    acceptHost: async ({ params }) => data.acceptHost(await known(params.id))
  }
}
