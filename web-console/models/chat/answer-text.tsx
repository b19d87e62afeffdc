import { Suspense, lazy } from 'react'
import './answer-text.css'

const MarkdownText = lazy(async () => ({ default: (await import('./markdown.tsx')).MarkdownText }))

/** An answer's text: at once as it is, with its form once the part that reads Markdown is loaded. */
export function AnswerText({ text, isComing }: { readonly text: string; readonly isComing: boolean }) {
  return (
    <div className="answer-text" dir="auto" data-coming={isComing}>
      <Suspense fallback={<p className="answer-plain">{text}</p>}>
        <MarkdownText text={text} />
      </Suspense>
    </div>
  )
}
