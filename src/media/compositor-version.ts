/** Part of every rendition key: raise it when equal compositions begin to give other pictures, sound or bytes. */
export const compositorVersion = '1'
