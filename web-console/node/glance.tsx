import type { ReactNode } from 'react'
import type { MachineView, StatusView } from '../../daemon/api/contract/index.ts'
import { useCall } from '../api/index.ts'
import { places } from '../app/places.ts'
import { bytesText, countText, manyText, plainAmount, shareText } from '../formats/index.ts'
import { Amount, Go, Notice, useNow } from '../parts/index.ts'
import { hoursOf } from './hours.ts'
import { withinText } from './title.ts'
import './glance.css'

interface TileProps {
  readonly name: string
  readonly phase?: 'payouts' | 'jobs' | 'models' | 'wrong'
  /** The number that counts here. */
  readonly main: ReactNode
  readonly children?: ReactNode
}

function Tile({ name, phase, main, children }: TileProps) {
  return (
    <div className="tile" data-phase={phase}>
      <h2>{name}</h2>
      <p className="tile-main">{main}</p>
      {children}
    </div>
  )
}

function Bar({ label, share }: { readonly label: string; readonly share: number }) {
  return (
    <div className="tile-bar">
      <span>{label}</span>
      <span className="tile-track" role="img" aria-label={`${label}: ${shareText(share)}`}>
        <span style={{ width: `${Math.min(100, Math.max(0, share * 100))}%` }} />
      </span>
    </div>
  )
}

/** Whether it earns, how busy it is, what waits, and the room on its disk: what an owner wants to see first. */
export function Glance({ status, machine }: { readonly status: StatusView; readonly machine: MachineView }) {
  const { hardware, load, queue, disk } = machine
  const isWorker = status.roles.includes('worker')
  const used = disk.free === null || disk.total === null ? null : 1 - disk.free / disk.total
  const engine = hardware.engine
  return (
    <>
      <div className="glance">
        {isWorker ? <Earning status={status} machine={machine} /> : null}
        <Tile name="Load" main={shareText(load.processors)}>
          <Bar label="Processors" share={load.processors} />
          <Bar label="Memory" share={1 - load.memoryFree / hardware.memory} />
          <p className="tile-note">This daemon holds {bytesText(load.memoryOwn)}.</p>
        </Tile>
        {isWorker ? (
          <Tile
            name="Queue"
            main={
              queue.training > 0
                ? 'training'
                : queue.running === 0
                  ? 'nothing to do'
                  : manyText(queue.running, 'answer')
            }
            phase="models"
          >
            <p className="tile-note">
              {countText(queue.waiting)} waiting, {countText(queue.free)} more could begin now.{' '}
              {queue.trainingsWaiting === 0 ? '' : `${manyText(queue.trainingsWaiting, 'training')} waiting. `}
              {queue.fetching === 0 ? '' : `${manyText(queue.fetching, 'model')} being fetched.`}
            </p>
          </Tile>
        ) : null}
        <Tile name="Disk" main={disk.free === null ? 'unknown' : `${bytesText(disk.free)} free`}>
          {used === null ? null : <Bar label="Of the disk" share={used} />}
          <Bar label="Of the room for models" share={disk.shelf.bytes / disk.shelf.quota} />
          <p className="tile-note">
            {bytesText(disk.shelf.bytes)} of {bytesText(disk.shelf.quota)} hold models.
          </p>
        </Tile>
        <Tile
          name="Hardware"
          main={engine === null ? 'looking' : engine.provider === 'cpu' ? 'on the CPU' : engine.reason}
        >
          <p className="tile-note">
            {manyText(hardware.processors, 'processor')}: {hardware.model}. {bytesText(hardware.memory)} of memory.{' '}
            {hardware.gpus.length === 0 ? 'No graphics card was found.' : `Graphics: ${hardware.gpus.join(', ')}.`}
          </p>
        </Tile>
      </div>
      {engine === null || engine.help === null ? null : (
        <div className="glance-help">
          <Notice title={`A graphics card is not used: ${engine.reason}`}>
            <p>{engine.help}</p>
          </Notice>
        </div>
      )}
    </>
  )
}

const perHour = { step: 'hour' } as const

/** What answers brought within the hour, and what came to the chain hour by hour. */
function Earning({ status, machine: { lately } }: { readonly status: StatusView; readonly machine: MachineView }) {
  const paid = useCall('earningsOver', { account: status.address, ...perHour })
  const hours = hoursOf(paid.data?.points ?? [], useNow())
  const most = hours.reduce((top, sum) => (sum > top ? sum : top), 1n)
  const day = hours.reduce((sum, each) => sum + each, 0n)
  return (
    <Tile name={`Earned ${withinText(lately.seconds)}`} phase="payouts" main={<Amount of={lately.earned} />}>
      <svg
        className="tile-hours"
        viewBox="0 0 240 36"
        preserveAspectRatio="none"
        role="img"
        aria-label={`${plainAmount(day)} TILTH came to the chain within a day`}
      >
        {hours.map((sum, at) => {
          const height = sum === 0n ? 2 : 4 + Number((sum * 32n) / most)
          return <rect key={at} x={at * 10 + 1} y={36 - height} width={8} height={height} data-empty={sum === 0n} />
        })}
      </svg>
      <p className="tile-note">
        {manyText(lately.answers, 'answer')}, {manyText(lately.tokens, 'token')}; {plainAmount(day)} TILTH paid on chain
        within a day. <Amount of={status.owed} /> waits in vouchers. <Go to={places.earnings}>Earnings</Go>
      </p>
    </Tile>
  )
}
