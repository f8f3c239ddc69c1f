// Placeholder until the bundle of explorer/ is built: the static part stays as it is.
export default { render() {} };
