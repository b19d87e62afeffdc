import './mark.css'

/** A tick, or a cross: whether something holds that this browser has looked at. */
export function Mark({ holds }: { readonly holds: boolean }) {
  return (
    <svg className="mark" viewBox="0 0 16 16" aria-hidden="true" data-holds={holds}>
      {holds ? <path d="M3 8.5l3.2 3L13 4.5" /> : <path d="M4 4l8 8M12 4l-8 8" />}
    </svg>
  )
}
