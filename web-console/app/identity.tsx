import { useCall } from '../api/index.ts'
import { shortId } from '../formats/index.ts'
import { Amount, Go } from '../parts/index.ts'
import { places } from './places.ts'

/** Who acts here, and what they hold. */
export function Identity() {
  const status = useCall('status')
  if (status.data === undefined) return null
  const { address, balance, roles } = status.data
  return (
    <span className="identity">
      <span className="identity-who">
        <span className="visually-hidden">You are </span>
        <Go to={places.find(address)} className="mono">
          {shortId(address)}
        </Go>
        <span className="identity-roles">{roles.join(', ')}</span>
      </span>
      <Amount of={balance} />
    </span>
  )
}
