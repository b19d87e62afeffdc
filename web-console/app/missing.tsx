import { GoButton, Page } from '../parts/index.ts'
import { places } from './places.ts'

/** For an address that is nobody's. */
export function Missing() {
  return (
    <Page
      title="Nothing is at this address"
      lead="It may have been typed wrongly, or it names something that this node has not heard of."
    >
      <GoButton to={places.now}>See what is going on now</GoButton>
    </Page>
  )
}
