// What build.mjs makes of such imports: the address of a file, relative to the script that names it.
declare module "asset:*" {
  const address: string;
  export default address;
}
declare module "worker:*" {
  const address: string;
  export default address;
}
