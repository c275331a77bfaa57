using System.Collections;
using Engine.Hosting;
using Engine.Hosting.CommandLine;
using Support;

namespace Engine.Tests.CommandLine;

public sealed class EngineAddressTests : IDisposable
{
    readonly TempFolder folder = new();
    readonly Dictionary<string, string> environment = [];

    public EngineAddressTests()
    {
        environment["ENGINE_DATA"] = folder.Path;
        environment["XDG_CONFIG_HOME"] = folder.Path;
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Without_a_word_it_is_this_machines_engine_with_its_first_token()
    {
        folder.File("admin-token", "first\n");
        ListeningFile.Add(folder.Path, [new Uri("http://127.0.0.1:7410")]);

        Assert.Equal((new Uri("http://127.0.0.1:7410"), "first"), Found());
    }

    [Theory]
    [InlineData("http://127.0.0.1:8000", "http://127.0.0.1:8000")]
    [InlineData("http://127.0.0.1:0", "http://127.0.0.1:7410")]
    [InlineData("http://[::1]:8000", "http://[::1]:8000")]
    [InlineData("http://0.0.0.0:8000", "http://127.0.0.1:8000")]
    [InlineData("http://[::]:8000", "http://[::1]:8000")]
    [InlineData("http://10.1.2.3:8000", "http://127.0.0.1:7410")]
    [InlineData("http://10.1.2.3:8000,http://127.0.0.1:8001", "http://127.0.0.1:8001")]
    public void This_machines_engine_listens_where_it_is_configured_to(string listen, string url)
    {
        environment["ENGINE__HTTP__LISTEN"] = listen;

        Assert.Equal(new Uri(url), Found().Url);
    }

    [Fact]
    public void Without_a_token_none_is_even_looked_for()
    {
        environment["ENGINE_TOKEN_FILE"] = "/nowhere";

        var address = EngineAddress.WithoutToken(null, null, environment);

        Assert.Equal((new Uri("http://127.0.0.1:7410"), null), (address.Url, address.Token));
    }

    [Fact]
    public void An_engine_that_listens_elsewhere_is_found_by_what_it_left_in_its_data_folder()
    {
        folder.File("admin-token", "first\n");
        ListeningFile.Add(folder.Path, [new Uri("http://127.0.0.1:8001"), new Uri("http://0.0.0.0:8002")]);
        Assert.Equal((new Uri("http://127.0.0.1:8002"), "first"), Found());
        Assert.Equal("first", Found("http://127.0.0.1:8001").Token);

        ListeningFile.Remove(folder.Path, [new Uri("http://0.0.0.0:8002")]);
        Assert.Equal(new Uri("http://127.0.0.1:8001"), Found().Url);
    }

    [Fact]
    public void The_first_admin_token_goes_to_no_other_program_of_this_machine()
    {
        folder.File("admin-token", "first\n");

        Assert.Null(Found().Token); // no engine runs: whoever listens there is a stranger
        ListeningFile.Add(folder.Path, [new Uri("http://127.0.0.1:7410")]);
        Assert.Null(Found("http://127.0.0.1:8000").Token);
        Assert.Equal("first", Found("http://127.0.0.1:7410").Token);
    }

    [Fact]
    public void What_a_killed_engine_left_behind_is_not_believed()
    {
        const int NoProcess = int.MaxValue;
        folder.File("admin-token", "first\n");
        folder.File("listening", $"http://127.0.0.1:8001 {NoProcess}\nnonsense\nhttp://127.0.0.1:8002\n");

        Assert.Equal((new Uri("http://127.0.0.1:7410"), null), Found());
        Assert.Null(Found("http://127.0.0.1:8001").Token);
    }

    [Fact]
    public void The_first_admin_token_never_leaves_this_machine()
    {
        folder.File("admin-token", "first\n");
        environment["ENGINE_URL"] = "https://engine.example.com";

        Assert.Null(Found().Token);
    }

    [Fact]
    public void The_configured_token_goes_only_to_the_address_beside_it()
    {
        folder.File("key", "configured");
        Client("""{ "url": "https://engine.example.com", "token_file": "../key" }""");

        Assert.Equal((new Uri("https://engine.example.com"), "configured"), Found());
        Assert.Null(Found(url: "https://other.example.com").Token);
        Assert.Equal("configured", Found(url: "https://engine.example.com/").Token);
    }

    [Fact]
    public void Flags_win_over_the_environment_and_that_over_the_configuration()
    {
        folder.File("configured", "configured");
        Client("""{ "url": "http://127.0.0.1:1", "token_file": "../configured" }""");
        Assert.Equal((new Uri("http://127.0.0.1:1"), "configured"), Found());

        environment["ENGINE_URL"] = "http://127.0.0.1:2";
        environment["ENGINE_TOKEN_FILE"] = folder.File("variable-file", " from-file \n");
        Assert.Equal((new Uri("http://127.0.0.1:2"), "from-file"), Found());

        environment["ENGINE_TOKEN"] = "from-variable";
        Assert.Equal("from-variable", Found().Token);

        Assert.Equal((new Uri("http://127.0.0.1:3"), "from-flag"), Found("http://127.0.0.1:3", folder.File("flag", "from-flag")));
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("""{ "uri": "http://127.0.0.1:1" }""")]
    [InlineData("""{ "url": 7 }""")]
    [InlineData("""{ "url": "no address" }""")]
    public void A_broken_client_configuration_is_misuse(string json)
    {
        Client(json);

        Assert.Equal(ExitCode.Misuse, Assert.Throws<CommandException>(() => Found()).Code);
    }

    [Theory]
    [InlineData("")]
    [InlineData("two words")]
    [InlineData("line\r\nInjected: header")]
    public void What_is_no_token_is_refused_and_not_repeated(string text)
    {
        var file = folder.File("bad", text);

        var refusal = Assert.Throws<CommandException>(() => Found(tokenFile: file));

        Assert.Contains(file, refusal.Message, StringComparison.Ordinal);
        if (text.Length > 0) Assert.DoesNotContain(text, refusal.Message, StringComparison.Ordinal);
    }

    (Uri Url, string? Token) Found(string? url = null, string? tokenFile = null)
    {
        var address = EngineAddress.Find(url, tokenFile, null, (IDictionary)environment);
        return (address.Url, address.Token);
    }

    void Client(string json)
    {
        Directory.CreateDirectory(Path.Combine(folder.Path, "autonomy-engine"));
        folder.File("autonomy-engine/cli.json", json);
    }
}
