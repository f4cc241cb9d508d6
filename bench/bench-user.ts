/** Who may read the benchmark's private registries. */
export const benchUser = { username: "robot", password: "s3cret-pass" } as const;
