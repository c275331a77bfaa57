using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Emulators.OpenRouter.Wire;

/// <summary>A bare web server on the loopback address: no configuration, no log, no signals of its own.</summary>
static class EmulatorServer
{
    static readonly TimeSpan StopWithin = TimeSpan.FromMilliseconds(200);

    /// <param name="port">0 takes a free one.</param>
    public static WebApplication Build(int port)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { EnvironmentName = "Production" });
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(IPAddress.Loopback, port);
            kestrel.Limits.MaxRequestBodySize = ReadBody.MostBytes;
            kestrel.Limits.MinResponseDataRate = null; // stalls and slow streams are what it is for
            kestrel.Limits.MinRequestBodyDataRate = null;
        });
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton<IHostLifetime, WithoutSignals>();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = StopWithin);
        return builder.Build();
    }

    sealed class WithoutSignals : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;
        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
