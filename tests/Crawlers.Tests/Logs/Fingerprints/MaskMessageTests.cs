using System.Text;
using Crawlers.Logs.Fingerprints;

namespace Crawlers.Tests.Logs.Fingerprints;

/// <summary>Messages that differ in their values have one template; others do not.</summary>
public sealed class MaskMessageTests
{
    [Theory]
    [InlineData("order 66485 sent in 383 ms", "order <*> sent in <*>")]
    [InlineData("order ord-118480 sent in 1.5 s", "order <*> sent in <*>")]
    [InlineData("from 10.0.0.1:5000 to fe80::a12:3ff", "from <*> to <*>")]
    [InlineData("mac 5c:50:15:4c:18:13 and ba:dd:ee:ff:aa:bb", "mac <*> and <*>")]
    [InlineData("id 7262b8a9-3c39-4262-a8a9-cf7e2df83c66 key deadbeef", "id <*> key <*>")]
    [InlineData("GET https://a.example/x?y=z failed", "GET <*> failed")]
    [InlineData("cannot open /etc/app/conf.d: no such file", "cannot open <*>: no such file")]
    [InlineData(@"cannot open C:\Program\x.dll", "cannot open <*>")]
    [InlineData("mail to kim@example.org bounced", "mail to <*> bounced")]
    [InlineData("host db.internal is down", "host <*> is down")]
    [InlineData("java.io.IOException at rpc.statd", "java.io.IOException at rpc.statd")]
    [InlineData("user 'bob' can't log in", "user '<*>' can't log in")]
    [InlineData("at Sat Jul  9 12:16:49 2005", "at <*>")]
    [InlineData("to delete blk_1 blk_2, blk_-3", "to delete <*>")]
    [InlineData("connection from <1 sec ()", "connection from <*> (<*>)")]
    [InlineData("393.0 KB of 1.1 MB, 5 bytes", "<*> of <*> bytes")]
    [InlineData("enabled=true retries=null", "enabled=<*> retries=<*>")]
    [InlineData("started com.example.shop/.Orders for name=com.example.web", "started <*> for name=<*>")]
    [InlineData("read/write and I/O", "read/write and I/O")]
    [InlineData("cr field.............0 cr update.....0", "cr field.............<*> cr update.....<*>")]
    [InlineData("jetty-6.1.26", "jetty<*>")] // never nothing but a value
    [InlineData("größe 5 überschritten", "größe <*> überschritten")]
    public void Values_are_masked(string message, string template) => Assert.Equal(template, Template(message));

    [Fact]
    public void What_was_masked_is_told()
    {
        var parts = new List<MaskedPart>();
        MaskMessage.Run("GET http://a/b from 10.0.0.1 by kim@example.org took 12"u8, new byte[4096], parts);

        Assert.Equal([MaskKind.Url, MaskKind.IpAddress, MaskKind.Email, MaskKind.Number], parts.Select(p => p.Kind));
        Assert.Equal(["http://a/b", "10.0.0.1", "kim@example.org", "12"], parts.Select(p => p.Text));
    }

    [Fact]
    public void A_long_message_is_cut_between_words()
    {
        var start = "delete " + string.Join(' ', Enumerable.Range(0, 400).Select(i => $"blk_-{i:000000}"));

        Assert.Equal(Template(start), Template(start + " blk_5 blk_6"));
    }

    static string Template(string message)
    {
        var template = new byte[4096];
        return MaskMessage.Shown(template.AsSpan(0, MaskMessage.Run(Encoding.UTF8.GetBytes(message), template)));
    }
}
