# ruff: noqa: RUF001
"""What the simulated people say: short phrases in many languages and scripts, written for this project."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Language:
    names: tuple[str, ...]
    """People who write in this language."""
    phrases: tuple[str, ...]
    groups: tuple[str, ...]
    """Names of groups and channels."""


LANGUAGES: Final[dict[str, Language]] = {
    "en": Language(
        ("Alice Moreland", "Tom Whitlock", "Grace O'Dell"),
        (
            "Are we still on for tonight?", "Running ten minutes late, sorry", "Can you send me the invoice again?",
            "Happy birthday!", "The parcel arrived, thank you so much", "Let me check with the team and call you back.",
            "ok", "Where did you park?", "That is the best news I have heard all week", "No worries at all",
        ),
        ("Saturday football", "Family", "Flat 4B"),
    ),
    "id": Language(
        ("Budi Hartanto", "Siti Rahmawati", "Dewi Lestari Putri"),
        (
            "Sudah sampai mana?", "Besok rapat jam sembilan ya", "Terima kasih banyak, Kak", "Barangnya masih ada?",
            "Hati-hati di jalan", "Nanti saya kabari lagi", "Siap!", "Maaf baru balas, tadi di motor", "Alhamdulillah lancar",
        ),
        ("Arisan RT 05", "Kerja bakti", "Keluarga besar"),
    ),
    "pt": Language(
        ("João Figueira", "Conceição Amaral", "Lívia Nogueira"),
        (
            "Bom dia, tudo bem?", "Já estou a caminho", "Você viu o jogo ontem?", "Manda o endereço, por favor",
            "Amanhã não consigo, pode ser na sexta?", "Que saudade!", "kkkkk não acredito", "Fechado então", "Não esquece o pão",
        ),
        ("Churrasco de domingo", "Turma da faculdade", "Condomínio"),
    ),
    "es": Language(
        ("Íñigo Ocaña", "María José Peña", "Lucía Benítez"),
        (
            "¿A qué hora llegas?", "Ya salí de la oficina", "¡Qué alegría!", "Te llamo en cinco minutos",
            "¿Puedes comprar leche de camino?", "Mañana sin falta", "Está bien, gracias", "No pasa nada", "Te mando la ubicación",
        ),
        ("Los del barrio", "Clase de 3º B", "Viaje a la montaña"),
    ),
    "hi": Language(
        ("अनिता शर्मा", "रोहित वर्मा", "प्रिया नायर"),
        (
            "कहाँ पहुँचे?", "कल सुबह मिलते हैं", "बहुत-बहुत धन्यवाद", "खाना खा लिया?", "थोड़ी देर में फ़ोन करता हूँ",
            "जन्मदिन मुबारक हो!", "ठीक है", "रास्ते में बहुत ट्रैफ़िक है", "दवा ले ली क्या?",
        ),
        ("परिवार", "मोहल्ला समिति", "क्रिकेट टीम"),
    ),
    "ar": Language(
        ("أحمد الخطيب", "ليلى منصور", "يوسف الحداد"),
        (
            "السلام عليكم", "وصلت إلى البيت", "متى نلتقي غدًا؟", "شكرًا جزيلًا لك", "أرسل لي العنوان من فضلك",
            "مبروك! فرحت لكم كثيرًا", "إن شاء الله", "سأتصل بك بعد الاجتماع", "الطريق مزدحم اليوم",
        ),
        ("العائلة", "أصدقاء الجامعة", "فريق العمل"),
    ),
    "he": Language(
        ("נועה ברק", "איתן שגב", "מיכל אלון"),
        (
            "בוקר טוב", "מתי אתם מגיעים?", "תודה רבה!", "אני בדרך הביתה", "אל תשכח לקנות חלב", "מזל טוב לכולם",
            "נדבר מחר", "הפגישה נדחתה ליום שלישי",
        ),
        ("המשפחה", "ועד הבית", "הורים כיתה ב"),
    ),
    "zh": Language(
        ("王晓明", "李静怡", "陈家豪"),
        (
            "你到哪儿了?", "明天早上九点开会", "谢谢你帮我拿快递", "生日快乐!", "我马上就到,等我五分钟", "好的",
            "晚上一起吃火锅吧", "文件我已经发给你了", "路上小心",
        ),
        ("相亲相爱一家人", "项目进度群", "周末爬山"),
    ),
    "ja": Language(
        ("佐藤美咲", "高橋健太", "小林さくら"),
        (
            "お疲れさまです", "明日の予定はどうですか?", "ありがとうございます!", "今駅に着きました", "了解です",
            "お誕生日おめでとう", "少し遅れます、すみません", "写真を送りますね", "また連絡します",
        ),
        ("家族", "同窓会", "開発チーム"),
    ),
    "ko": Language(
        ("김서연", "박지훈", "이하은"),
        (
            "지금 어디야?", "내일 몇 시에 볼까?", "고마워요!", "조금 늦을 것 같아", "네, 알겠습니다", "생일 축하해",
            "집에 가는 길이야", "자료 보내드렸습니다", "밥 먹었어?",
        ),
        ("우리 가족", "등산 모임", "회사 동료"),
    ),
    "ru": Language(
        ("Анна Смирнова", "Дмитрий Козлов", "Ёлкина Ольга"),
        (
            "Ты где?", "Буду через двадцать минут", "Спасибо большое!", "Перезвоню вечером", "С днём рождения!",
            "Хорошо, договорились", "Захвати хлеба по дороге", "Завтра не получится, давай в пятницу", "ага",
        ),
        ("Дачники", "Родительский чат", "Работа"),
    ),
    "th": Language(
        ("สมชาย ใจดี", "กนกวรรณ ศรีสุข", "ปิยะ ทองคำ"),
        (
            "ถึงไหนแล้ว", "ขอบคุณมากนะคะ", "พรุ่งนี้เจอกันกี่โมง", "กินข้าวหรือยัง", "สุขสันต์วันเกิด", "รถติดมากเลย",
            "เดี๋ยวโทรกลับนะ", "โอเคครับ",
        ),
        ("ครอบครัว", "เพื่อนสมัยเรียน", "ทีมขาย"),
    ),
    "tr": Language(
        ("Ayşe Yıldız", "İbrahim Güneş", "Özge Çağlar"),
        (
            "Neredesin?", "Yarın görüşürüz", "Çok teşekkür ederim", "Doğum günün kutlu olsun!", "Birazdan arıyorum",
            "Tamam, olur", "Yolda trafik var, geç kalacağım", "Ekmek almayı unutma",
        ),
        ("Aile", "Halı saha", "Apartman yönetimi"),
    ),
    "sw": Language(
        ("Amina Juma", "Baraka Mwangi", "Zawadi Otieno"),
        (
            "Habari za asubuhi?", "Nimefika salama", "Asante sana", "Tutaonana kesho", "Uko wapi sasa?", "Nitakupigia baadaye",
            "Sawa", "Hongera sana!",
        ),
        ("Familia", "Chama cha jumapili", "Wazazi wa shule"),
    ),
    "vi": Language(
        ("Nguyễn Thị Hương", "Trần Văn Đức", "Phạm Quỳnh Như"),
        (
            "Bạn đến chưa?", "Cảm ơn nhiều nhé", "Mai mấy giờ gặp?", "Chúc mừng sinh nhật!", "Đang kẹt xe, đợi mình chút",
            "Được rồi", "Tối nay ăn gì?", "Mình gửi hình rồi đó",
        ),
        ("Gia đình", "Lớp 12A1", "Phòng kinh doanh"),
    ),
}  # fmt: skip

EMOJI: Final = ("😂", "❤️", "👍", "🙏", "🎉", "😭", "🔥", "👨‍👩‍👧‍👦", "🇮🇩", "🤷🏽‍♀️", "☕", "🥳", "👀", "💯")
REACTIONS: Final = ("👍", "❤️", "😂", "😮", "😢", "🙏", "🫶🏿")
POLLS: Final = (
    ("Lunch?", ("Noodles", "Pizza", "🥗", "I bring my own")),
    ("Jam berapa?", ("08.00", "09.00", "13.00")),
    ("いつにする?", ("土曜日", "日曜日")),
    ("¿Dónde quedamos?", ("En la plaza", "En mi casa", "No puedo ir")),
    ("موعد اللقاء", ("الخميس", "الجمعة")),
)
FILES: Final = ("invoice-0417.pdf", "Rapat 12 Mei.docx", "表格.xlsx", "контракт.pdf", "photo album.zip", "notes.txt")
PLACES: Final = (
    (-6.175392, 106.827153, "Monas", "Jakarta"), (48.85837, 2.294481, None, None),
    (35.658581, 139.745433, "東京タワー", "芝公園"),
    (-22.951916, -43.210487, "Mirante", "Rio de Janeiro"), (0.0, 0.0, None, None),
)  # fmt: skip
