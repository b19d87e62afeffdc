interface MeasuredProps {
  /** What the probabilities are of: "the right answer to a held-out question". */
  readonly of: string
  /** Mean probabilities from 0 to 1; `without` null where that was not measured. */
  readonly full: number
  readonly without: number | null
  readonly empty: number
}

/** A probability with all rows, without this account's, and of the base model alone, as three bars. */
export function Measured({ of, full, without, empty }: MeasuredProps) {
  const bars = [
    { name: 'With everybody’s rows', value: full, look: 'full' },
    ...(without === null ? [] : [{ name: 'Without this account’s rows', value: without, look: 'without' }]),
    { name: 'The base model alone', value: empty, look: 'empty' }
  ]
  return (
    <figure className="measured">
      <figcaption className="earnings-soft">Probability of {of}</figcaption>
      <dl>
        {bars.map(({ name, value, look }) => (
          <div key={name} className="measured-bar">
            <dt>{name}</dt>
            <dd>
              <span className="measured-track" aria-hidden="true">
                <span data-look={look} style={{ width: `${Math.max(0, Math.min(1, value)) * 100}%` }} />
              </span>
              <b>{value.toFixed(2)}</b>
            </dd>
          </div>
        ))}
      </dl>
    </figure>
  )
}
