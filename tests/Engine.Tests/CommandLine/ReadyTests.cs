using System.Net;
using System.Net.Sockets;
using System.Text;
using Engine.Hosting.CommandLine;
using Support;

namespace Engine.Tests.CommandLine;

/// <summary><c>engine status --ready</c>, which the container's health check is.</summary>
public sealed class ReadyTests(EngineServer server) : IClassFixture<EngineServer>, IDisposable
{
    readonly TempFolder folder = new();

    Dictionary<string, string> Environment => new()
    {
        ["ENGINE_DATA"] = folder.Path, ["HOME"] = folder.Path, ["ENGINE_TOKEN"] = "no token at all",
    };

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_ready_engine_is_told_without_a_token()
    {
        var run = await CommandLineRun.OfAsync(Environment, "status", "--ready", "--url", server.Url.ToString());

        Assert.Equal((ExitCode.Done, "ready\n", ""), (run.ExitCode, run.Output, run.Error));
    }

    [Theory]
    [InlineData("503 Service Unavailable", "not_ready", ExitCode.Failed)]
    [InlineData("429 Too Many Requests", "not_ready", ExitCode.Failed)]
    [InlineData("200 OK", "not_ready", ExitCode.Failed)]
    [InlineData("502 Bad Gateway", "", ExitCode.Unreachable)]
    public async Task Any_other_answer_is_not_ready_and_a_proxy_without_its_engine_unreachable(string status, string word, ExitCode code)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var body = $$"""{"status":"{{word}}","checks":[{"name":"database","status":"failed","detail":"gone"}]}""";
        var serving = AnswerAsync(listener, $"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n{body}");

        var run = await CommandLineRun.OfAsync(Environment, "status", "--ready", "--url", $"http://{listener.LocalEndpoint}");
        var request = await serving;

        Assert.Equal(code, run.ExitCode);
        if (code == ExitCode.Failed) Assert.Matches("^not ready\n.*\ndatabase +failed +gone\n$", run.Output);
        Assert.StartsWith("GET /health/ready ", request, StringComparison.Ordinal);
        Assert.DoesNotContain("Authorization", request, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Nobody_there_is_unreachable() => Assert.Equal(ExitCode.Unreachable,
        (await CommandLineRun.OfAsync(Environment, "status", "--ready", "--url", $"http://127.0.0.1:{EngineProcess.FreePort()}")).ExitCode);

    static async Task<string> AnswerAsync(TcpListener listener, string answer)
    {
        using var socket = await listener.AcceptSocketAsync();
        var buffer = new byte[4096];
        var read = await socket.ReceiveAsync(buffer);
        await socket.SendAsync(Encoding.ASCII.GetBytes(answer));
        socket.Shutdown(SocketShutdown.Send);
        return Encoding.ASCII.GetString(buffer, 0, read);
    }
}
