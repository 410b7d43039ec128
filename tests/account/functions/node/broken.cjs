exports.handler = async () => missing.thing;
throw new RangeError("at import");
