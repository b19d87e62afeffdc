import assert from 'node:assert/strict'
import type { DatanetView } from '../../../daemon/api/contract/index.ts'
import { checkFile } from '../../../web-console/data/check/check.ts'
import { effectsOn, leaksIn } from '../../../web-console/data/rules/effects.ts'
import {
  changeOf,
  faultsOf,
  firstForm,
  formOf,
  judgedBy,
  questionsOf,
  rulesOf
} from '../../../web-console/data/rules/form.ts'
import { usualKeptBack } from '../../../protocol/data/types.ts'
import { rulesInWords } from '../../../web-console/data/rules/words.ts'
import { datanetView } from '../../daemon/views.ts'

const self = `0x${'22'.repeat(20)}`
const good = {
  ...firstForm,
  name: 'birds',
  validators: `${self}\n0x${'33'.repeat(20)} 2`,
  tags: 'nature, Vögel',
  kind: 'qa',
  languages: 'en, pt-BR'
}
const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('the rules of a new Datanet', () => {
  it('are read from what was typed, in the units of the rules', () => {
    assert.deepEqual(faultsOf(good), {})
    const rules = rulesOf(good)
    assert.deepEqual(
      [rules?.minOwnShare, rules?.maxBytes, rules?.voteSeconds, rules?.tags],
      [500, 8_000_000, 3600, ['nature', 'Vögel']]
    )
    assert.deepEqual([rules?.kind, rules?.languages, rules?.leastDataShare], ['qa', ['en', 'pt-BR'], 1000])
    assert.deepEqual(
      rules?.validators.map(({ weight }) => weight),
      [1, 2]
    )
  })

  it('keep back what was typed, for as long as is usual, and nothing by themselves', () => {
    assert.equal(rulesOf(good)?.keptBack, undefined)
    assert.deepEqual(rulesOf({ ...good, keptBack: '30' })?.keptBack, usualKeptBack)
    assert.equal(rulesOf({ ...good, keptBack: '12,5' })?.keptBack?.share, 1250)
    assert.equal(rulesOf({ ...good, keptBack: '0' })?.keptBack, undefined)
    assert.match(faultsOf({ ...good, keptBack: '60' }).keptBack ?? '', /from 0 to 50/)
    const later = (net: DatanetView): string | undefined =>
      rulesInWords(net).find(({ name }) => name === 'What is paid later')?.sentence
    const net = datanetView()
    assert.equal(later(net), undefined)
    assert.match(later({ ...net, rules: { ...net.rules, keptBack: usualKeptBack } }) ?? '', /^30.*% of .* for 3 epochs/)
  })

  it('name who may train where they are private, and share a third of held-out questions among newcomers', () => {
    const [worker, builder] = [`0x${'44'.repeat(20)}`, `0x${'55'.repeat(20)}`]
    assert.equal(rulesOf(good)?.questionWriters, 'by-standing')
    const typed = {
      ...good,
      private: 'yes',
      trainers: `${worker}\n ${builder.toUpperCase().replace('0X', '0x')}  builder`
    }
    assert.deepEqual(rulesOf(typed)?.trainers, { workers: [worker], builders: [builder] })
    assert.equal(rulesOf({ ...typed, private: '' })?.trainers, undefined, 'nobody is named where everybody reads')
    assert.equal(rulesOf({ ...typed, trainers: '' })?.trainers, undefined)
    assert.match(faultsOf({ ...typed, trainers: 'somebody' }).trainers ?? '', /must be an account/)
    const rules = rulesOf(typed)
    assert.ok(rules !== undefined)
    const before = formOf({ ...rules, heldOut: 'bafyquestions' }, good.validators)
    assert.deepEqual(changeOf(before, { ...before, trainers: worker }), { trainers: { workers: [worker] } })
    assert.deepEqual(changeOf(before, { ...before, trainers: '' }), { trainers: null })
  })

  it('ask for the bond that was typed, in tokens, and for none by themselves', () => {
    assert.equal(rulesOf(good)?.bond, undefined)
    const typed = { ...good, bond: '0,5', bondDays: '2' }
    assert.deepEqual(rulesOf(typed)?.bond, { amount: String(5n * 10n ** 17n), seconds: 172_800 })
    const wrong = faultsOf({ ...good, bond: 'five' })
    assert.match(wrong.bond ?? '', /number of tokens/)
    assert.equal(wrong.bondDays, undefined)
    const long = faultsOf({ ...good, bond: '1', bondDays: '31' })
    assert.match(long.bondDays ?? '', /at most 30/)
    assert.equal(long.bond, undefined)
    const rules = { ...datanetView().rules, bond: rulesOf(typed)?.bond }
    const said = rulesInWords({ ...datanetView(), rules }).find(({ name }) => name === 'What is locked')?.sentence
    assert.match(said ?? '', /locks 0\.5 tokens of its contributor/)
    const before = formOf({ ...rulesOf(typed), heldOut: '' } as never, '')
    assert.deepEqual([before.bond, before.bondDays], ['0.5', '2'])
    assert.deepEqual(changeOf(before, { ...before, bond: '0' }), { bond: null })
  })

  it('are refused field by field, in the units they were typed in', () => {
    const faults = faultsOf({
      ...good,
      name: '',
      maxRows: 'many',
      minOwnShare: '120',
      validators: `${self}\n${self}`,
      tags: 'two words',
      licence: 'cc by 4.0',
      kind: 'images'
    })
    assert.match(faults.licence ?? '', /Write CC-BY-4\.0/)
    assert.notEqual(faults.kind, undefined)
    assert.match(faults.name ?? '', /^It /)
    assert.match(faults.maxRows ?? '', /whole number/)
    assert.match(faults.minOwnShare ?? '', /from 0 to 100/)
    assert.match(faults.validators ?? '', /twice/)
    assert.notEqual(faults.tags, undefined)
    assert.match(faultsOf({ ...good, validators: `${self}\nnobody` }).validators ?? '', /^Line 2 /)
    assert.equal(rulesOf({ ...good, name: '' }), undefined)
  })

  it('say what each does to an example', () => {
    const questions = questionsOf(encode('{"prompt":"What is the sky?","response":"Blue"}'))
    assert.ok('rows' in questions)
    assert.ok('fault' in questionsOf(encode('no row')))
    const example = ['Who sings?', 'Who sings?', 'What is the sky?'].map(prompt =>
      JSON.stringify({ prompt, response: prompt === 'Who sings?' ? 'The nightingale' : 'Blue' })
    )
    const judge = (form: typeof good) => {
      const rules = judgedBy(form)
      const checked = checkFile({
        bytes: encode(example.join('\n')),
        edits: new Map(),
        rules,
        heldOut: questions.rows,
        uploads: 0
      })
      return { effects: effectsOn(checked, rules), leaks: leaksIn(checked) }
    }
    const { effects, leaks } = judge({ ...good, minOwnShare: '60' })
    assert.equal(effects.minOwnShare?.refuses, true)
    assert.match(effects.nearDuplicate?.text ?? '', /1 to the letter/)
    assert.equal(leaks.refuses, true)
    assert.equal(judge({ ...good, minOwnShare: '30' }).effects.minOwnShare?.refuses, false)
    assert.equal(judge({ ...good, maxRows: '2' }).effects.maxRows?.refuses, true)
  })

  it('are told in plain words', () => {
    const net = datanetView({
      validators: [1, 1, 1].map((weight, i) => ({ address: `0x${String(i).repeat(40)}`, weight }))
    })
    const words = rulesInWords(net).map(({ sentence }) => sentence)
    assert.ok(words.some(text => text.includes('accepted when 3 of 3 agree')))
    assert.ok(words.some(text => text.includes('refused when 2 of 3')))
    assert.ok(words.some(text => text.includes('10 times in all')))
    // Nobody gives rows to a mix, and nobody votes on them.
    const mix = rulesInWords({ ...net, parents: [net.id, net.host] }).map(({ sentence }) => sentence)
    assert.match(mix[0] ?? '', /^All that the 2 Datanets/)
    assert.ok(mix.every(text => !/contribute once|times in all|vote/.test(text)))
  })
})
