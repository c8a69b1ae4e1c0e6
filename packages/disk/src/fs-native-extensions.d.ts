declare module 'fs-native-extensions' {
  /** Takes an exclusive lock on a whole file. @returns false when another owner holds it */
  export function tryLock(fd: number): boolean;
}
