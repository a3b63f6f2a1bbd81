module.exports = {
  transform: { "\\.[jt]sx?$": "ts-jest" }, // .js too, not only .ts
  transformIgnorePatterns: ["/node_modules/(?!@partial-batch/)"],
};
