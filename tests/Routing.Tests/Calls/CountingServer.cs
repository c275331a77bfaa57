using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Routing.Tests.Calls;

/// <summary>Answers everything with one status and one body, and counts.</summary>
sealed class CountingServer : IAsyncDisposable
{
    readonly WebApplication app;
    int requests;

    public CountingServer()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        app = builder.Build();
        app.Run(async context =>
        {
            Interlocked.Increment(ref requests);
            context.Response.StatusCode = Status;
            context.Response.ContentType = "application/json";
            await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(Body));
        });
        ((IHost)app).Start();
    }

    public int Status { get; set; } = 404;

    public string Body { get; set; } = "{}";

    public int Requests => requests;

    public Uri Url => new(app.Urls.First());

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync();
        await app.DisposeAsync();
    }
}
