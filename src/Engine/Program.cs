using Engine.Hosting;
using Engine.Hosting.Configuration;
return await EngineHost.RunAsync(EngineSettings.Load(null), CancellationToken.None);
