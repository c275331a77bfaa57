using Engine.Hosting.CommandLine;

return await EngineCommand.RunAsync(args);
