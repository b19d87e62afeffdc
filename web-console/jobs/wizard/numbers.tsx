import { useState } from 'react'
import { exhaustivePlayers } from '../../../protocol/jobs/coalitions.ts'
import { loraTargets } from '../../../protocol/jobs/types.ts'
import type { TrainSettings } from '../../../protocol/jobs/types.ts'
import { Select, Switch, TextField } from '../../parts/index.ts'
import { faultOf, hyperparameters, numberOf, numbersOf, withNumber } from './hyperparameters.ts'
import type { Hyperparameter } from './hyperparameters.ts'

export interface Chosen {
  readonly settings: TrainSettings
  readonly coalitions: number
}

interface NumbersProps {
  readonly chosen: Chosen
  /** Contributors: of few, all combinations are measured whatever is said, and nothing is asked. */
  readonly players: number
  readonly onChange: (chosen: Chosen) => void
}

interface NumberFieldProps {
  readonly of: Hyperparameter
  readonly isFull: boolean
  readonly value: number
  readonly onChange: (value: number) => void
}

/** A number as it is typed: what is wrong stays in the field, with its fault, and is not taken over. */
function NumberField({ of: { name, title, does, safe, safeInFull }, isFull, value, onChange }: NumberFieldProps) {
  const [typed, setTyped] = useState<string>()
  const text = typed ?? String(value)
  const fault = faultOf(name, text)
  return (
    <TextField
      label={title}
      number
      value={text}
      onChange={next => {
        const isRight = faultOf(name, next) === undefined
        setTyped(isRight && String(numberOf(next)) === next ? undefined : next)
        if (isRight) onChange(numberOf(next))
      }}
      note={`${does} Safe: ${isFull ? (safeInFull ?? safe) : safe}.`}
      fault={fault}
    />
  )
}

const targetNames: Readonly<Record<(typeof loraTargets)[number], string>> = {
  q_proj: 'queries',
  k_proj: 'keys',
  v_proj: 'values',
  o_proj: 'output of attention',
  gate_proj: 'gate',
  up_proj: 'up',
  down_proj: 'down'
}

interface LoraProps {
  readonly lora: NonNullable<TrainSettings['lora']>
  readonly onChange: (lora: NonNullable<TrainSettings['lora']>) => void
}

function Targets({ lora, onChange }: LoraProps) {
  const { targets } = lora
  return (
    <div className="wizard-more">
      <h3>Parts of each layer that get an adapter</h3>
      <p className="choice-note">All seven learn most; attention alone is smaller. Safe: all of them.</p>
      <div className="targets">
        {loraTargets.map(target => (
          <Switch
            key={target}
            isOn={targets.includes(target)}
            isDisabled={targets.length === 1 && targets.includes(target)}
            onChange={isOn =>
              onChange({
                ...lora,
                targets: loraTargets.filter(other => (other === target ? isOn : targets.includes(other)))
              })
            }
          >
            {targetNames[target]}
          </Switch>
        ))}
      </div>
    </div>
  )
}

function RootScale({ lora, onChange }: LoraProps) {
  return (
    <Switch isOn={lora.rslora === true} onChange={rslora => onChange({ ...lora, rslora })}>
      Scale by the root of the rank, which keeps wide adapters steady. Safe: on from rank 64.
    </Switch>
  )
}

/** Every hyperparameter. */
export function Numbers({ chosen, players, onChange }: NumbersProps) {
  const { settings, coalitions } = chosen
  const numbers = numbersOf(settings, coalitions)
  const set = (more: Partial<TrainSettings>): void => onChange({ settings: { ...settings, ...more }, coalitions })
  return (
    <>
      <div className="numbers">
        {hyperparameters.map(of => {
          const value = of.name === 'coalitions' && players <= exhaustivePlayers ? undefined : numbers[of.name]
          return value === undefined ? null : (
            <NumberField
              key={of.name}
              of={of}
              isFull={settings.method === 'full'}
              value={value}
              onChange={value => onChange(withNumber(chosen, of.name, value))}
            />
          )
        })}
        <Select
          label="Schedule of the learning rate"
          note="How it goes down after the warm-up. Safe: cosine."
          value={settings.schedule}
          onChange={schedule => set({ schedule })}
          options={[
            { value: 'cosine', name: 'Cosine', note: 'slowly, then fast, then slowly to nothing' },
            { value: 'linear', name: 'Linear', note: 'evenly to nothing' },
            { value: 'constant', name: 'Constant', note: 'not at all' }
          ]}
        />
      </div>
      {settings.lora === undefined ? null : <Targets lora={settings.lora} onChange={lora => set({ lora })} />}
      <div className="wizard-more choices">
        <Switch isOn={settings.responseOnly} onChange={responseOnly => set({ responseOnly })}>
          Learn from the answers alone, not from the questions. Safe: on.
        </Switch>
        {settings.lora === undefined ? null : <RootScale lora={settings.lora} onChange={lora => set({ lora })} />}
      </div>
    </>
  )
}
