const name = 'TILTH_SUPERVISED'

/** What a process that is started again whenever it ends is given, so that it knows. */
export const supervisedEnvironment = { [name]: '1' } as const

/** Whether somebody starts this process again when it ends. */
export const isSupervised = (): boolean => process.env[name] === '1'
