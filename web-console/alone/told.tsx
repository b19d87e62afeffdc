import { Notice } from '../parts/states.tsx'

/** What failed and what to do: errors of the library carry both. */
export function Told({ error }: { readonly error: Error }) {
  const { help } = error as { help?: string }
  return (
    <Notice kind="wrong" title={error.message.charAt(0).toUpperCase() + error.message.slice(1)}>
      {help === undefined ? null : <p>{help}</p>}
    </Notice>
  )
}
