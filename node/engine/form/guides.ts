import { Form } from '../../../protocol/form/index.ts'
import { createCache } from '../../runtime/cache.ts'
import { Guide } from './guide.ts'
import { Vocabulary } from './vocabulary.ts'

/** Forms of a model that are kept with what was found of them: those that ask by one mostly ask again. */
const guidesKept = 4

/** By a form's text, for a model whose tokens are read when the first answer has to be of a form. @throws as Form */
export function createGuides(tokens: () => readonly (Uint8Array | undefined)[]): (form: string) => Guide {
  const guides = createCache<string, Guide>({ max: guidesKept })
  let vocabulary: Vocabulary | undefined
  return form => {
    const known = guides.get(form)
    if (known !== undefined) return known
    vocabulary ??= new Vocabulary(tokens())
    const made = new Guide(new Form(form), vocabulary)
    guides.set(form, made)
    return made
  }
}
