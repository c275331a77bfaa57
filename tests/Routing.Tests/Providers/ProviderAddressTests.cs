using System.Net;
using Routing.Providers;

namespace Routing.Tests.Providers;

public sealed class ProviderAddressTests
{
    [Theory]
    [InlineData("https://openrouter.ai/api/v1")]
    [InlineData("https://10.0.0.5:8443/v1")]
    [InlineData("https://localhost/v1")]
    [InlineData("http://127.0.0.1:11434/v1")]
    [InlineData("http://127.1.2.3/v1")]
    [InlineData("http://localhost:8080")]
    [InlineData("http://[::1]:8080/v1")]
    [InlineData("http://[::ffff:127.0.0.1]/v1")]
    public void Calls_may_go_to(string url) => Assert.Null(ProviderAddress.Problem(url));

    [Theory]
    [InlineData("http://openrouter.ai/api/v1")]
    [InlineData("http://10.0.0.5/v1")]
    [InlineData("http://localhost.example.com/v1")]
    [InlineData("http://127.0.0.1.example.com/v1")]
    [InlineData("http://0.0.0.0:8080/v1")]
    [InlineData("https://0.0.0.0/v1")]
    [InlineData("http://[::]:8080/v1")]
    [InlineData("http://169.254.169.254/latest/meta-data")]
    [InlineData("https://169.254.169.254/latest/meta-data")]
    [InlineData("https://2852039166/latest")] // the same address as a number
    [InlineData("https://0xA9FEA9FE/latest")]
    [InlineData("https://0251.0376.0251.0376/latest")]
    [InlineData("https://[::ffff:169.254.169.254]/latest")]
    [InlineData("https://[::ffff:a9fe:a9fe]/latest")]
    [InlineData("https://[64:ff9b::a9fe:a9fe]/latest")]
    [InlineData("https://[fe80::1]/v1")]
    [InlineData("https://[fd00:ec2::254]/latest")]
    [InlineData("https://100.100.100.200/latest")]
    [InlineData("https://224.0.0.1/v1")]
    [InlineData("https://255.255.255.255/v1")]
    [InlineData("https://user:secret@openrouter.ai/v1")]
    [InlineData("https://openrouter.ai/v1?key=secret")]
    [InlineData("https://openrouter.ai/v1#part")]
    [InlineData("ftp://openrouter.ai/v1")]
    [InlineData("file:///etc/passwd")]
    [InlineData("gopher://127.0.0.1:5432/")]
    [InlineData("/v1")]
    [InlineData("")]
    public void Calls_may_not_go_to(string url) => Assert.NotNull(ProviderAddress.Problem(url));

    [Theory]
    [InlineData("169.254.0.1", true)]
    [InlineData("::ffff:169.254.169.254", true)]
    [InlineData("fe80::5054:ff:fe12:3456", true)]
    [InlineData("168.63.129.16", true)]
    [InlineData("93.184.216.34", false)]
    [InlineData("192.168.1.10", false)]
    [InlineData("2606:4700::1111", false)]
    public void What_a_name_was_resolved_to_is_judged_too(string address, bool isForbidden) =>
        Assert.Equal(isForbidden, ProviderAddress.IsForbidden(IPAddress.Parse(address)));
}
