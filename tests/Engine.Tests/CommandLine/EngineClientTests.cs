using System.Net;
using System.Net.Sockets;
using System.Text;
using Engine.Hosting.CommandLine;

namespace Engine.Tests.CommandLine;

/// <summary>What the client makes of strangers, told by a socket that answers with given bytes.</summary>
public sealed class EngineClientTests
{
    [Fact]
    public async Task Nobody_there_is_unreachable()
    {
        int port;
        using (var free = new TcpListener(IPAddress.Loopback, 0))
        {
            free.Start();
            port = ((IPEndPoint)free.LocalEndpoint).Port;
        }

        var failure = await FailureAsync(port, TimeSpan.FromSeconds(5));

        Assert.Equal(ExitCode.Unreachable, failure.Code);
        Assert.Contains("engine run", failure.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Silence_is_unreachable_after_the_timeout() =>
        Assert.Equal((ExitCode.Unreachable, true), await AnsweredAsync(null, "within 0.3 s", TimeSpan.FromMilliseconds(300)));

    [Theory]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n", ExitCode.Unreachable, "does not speak HTTP")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\n<hi>", ExitCode.Failed, "not as an engine does (text/html)")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\n{\"a\"", ExitCode.Failed, "not as an engine does")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99999999\r\n\r\n", ExitCode.Failed, "more than 16777216 bytes")]
    [InlineData("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", ExitCode.Refused, "302")]
    [InlineData("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", ExitCode.Unreachable, "502")]
    [InlineData("HTTP/1.1 500 Oops\r\nContent-Type: application/problem+json\r\nContent-Length: 81\r\n\r\n"
        + "{\"status\":500,\"code\":\"internal_error\",\"detail\":\"It broke.\",\"trace_id\":\"4bf92f35\"}", ExitCode.Failed, "It broke. [internal_error] (trace 4bf92f35)")]
    [InlineData("HTTP/1.1 429 Slow\r\nContent-Type: application/problem+json\r\nContent-Length: 36\r\n\r\n{\"code\":\"rate_limited\",\"detail\":\"x\"}", ExitCode.Refused, "[rate_limited]")]
    public async Task A_strange_answer_is_told_for_what_it_is(string answer, ExitCode code, string said) =>
        Assert.Equal((code, true), await AnsweredAsync(answer, said, TimeSpan.FromSeconds(5)));

    static async Task<(ExitCode Code, bool WasSaid)> AnsweredAsync(string? answer, string said, TimeSpan timeout)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var stop = new CancellationTokenSource();
        var serving = ServeAsync(listener, answer, stop.Token);

        var failure = await FailureAsync(((IPEndPoint)listener.LocalEndpoint).Port, timeout);

        await stop.CancelAsync();
        await serving;
        return (failure.Code, failure.Message.Contains(said, StringComparison.Ordinal));
    }

    static async Task<CommandException> FailureAsync(int port, TimeSpan timeout)
    {
        using var client = new EngineClient(new EngineAddress(new Uri($"http://127.0.0.1:{port}"), "token", "a test"), timeout);
        return await Assert.ThrowsAsync<CommandException>(() => client.GetAsync("/api/status", CancellationToken.None));
    }

    static async Task ServeAsync(TcpListener listener, string? answer, CancellationToken ct)
    {
        using var socket = await listener.AcceptSocketAsync(CancellationToken.None);
        await socket.ReceiveAsync(new byte[4096], CancellationToken.None);
        if (answer is not null)
        {
            await socket.SendAsync(Encoding.ASCII.GetBytes(answer), CancellationToken.None);
            socket.Shutdown(SocketShutdown.Send);
        }
        await Task.Delay(Timeout.Infinite, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
