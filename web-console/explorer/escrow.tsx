import { useCall } from '../api/index.ts'
import { places } from '../app/places.ts'
import { useParameter } from '../app/use-place.ts'
import { amountText, shortId } from '../formats/index.ts'
import { Amount, Card, Facts, Id, Page as Frame, Read, When, Who } from '../parts/index.ts'
import './explorer.css'

const stateWords = {
  funded: 'waits for its worker to take the award',
  taken: 'waits for the training to be delivered',
  delivered: 'waits for what was delivered to be looked at',
  refused: 'is nobody’s: its builder refused what was delivered',
  released: 'was paid for training',
  refunded: 'went back to its builder',
  burnt: 'was burnt: what was delivered was refused'
} as const

/** Money that a builder locked for one award. */
export function Page() {
  const id = useParameter('id')
  const escrow = useCall('escrow', { id })
  return (
    <Frame
      title={
        escrow.data === undefined
          ? `Escrow ${shortId(id)}`
          : `${amountText(escrow.data.amount)} ${stateWords[escrow.data.state]}`
      }
      lead="A builder locks an award’s price before the work begins. It is paid once work was delivered, or goes back."
      phase="jobs"
    >
      <Read from={escrow} what="the escrow">
        {view => (
          <Card phase="jobs">
            <Facts
              facts={[
                ['Amount', <Amount key="a" of={view.amount} />],
                ['Job', <Id key="j" id={view.job} to={places.job(view.job)} />],
                ['Builder', <Who key="b" account={view.builder} />],
                ['Worker', <Who key="w" account={view.worker} />],
                ['Deadline', <When key="d" at={view.deadline} />],
                ['Funded in block', view.block]
              ]}
            />
          </Card>
        )}
      </Read>
    </Frame>
  )
}
